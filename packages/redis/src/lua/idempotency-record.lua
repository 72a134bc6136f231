-- Idempotency records. All functions are in one table, so that other scripts can put this text in front of their own.
--
-- A record is one string: a line of facts, then three texts, of which the line knows the lengths. Nothing in them has to be
-- escaped, and payloads are never decoded.
--
--   1 <state> <grant> <fence> <attempt> <lease until> <bytes of owner> <bytes of fingerprint> <kept|none>
--   <owner><fingerprint><payload>
--
-- Times are microseconds since 1970 by the clock of this server. The key expires with the record.
local idempotency = {}

-- Lua would print a large number as 1.7e+15.
function idempotency.digits(number)
  return string.format('%.0f', number)
end

function idempotency.now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

function idempotency.read(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local state, grant, fence, attempt, leaseUntil, ownerLength, fingerprintLength, payload, start =
    string.match(text, '^1 (%a+) (%a+) (%d+) (%d+) (%d+) (%d+) (%d+) (%a+)\n()')
  if not start then error('not an idempotency record that this version can read') end
  local fingerprintStart = start + ownerLength
  local payloadStart = fingerprintStart + fingerprintLength
  return {
    state = state,
    grant = grant,
    fence = tonumber(fence),
    attempt = tonumber(attempt),
    leaseUntil = tonumber(leaseUntil),
    owner = string.sub(text, start, fingerprintStart - 1),
    fingerprint = string.sub(text, fingerprintStart, payloadStart - 1),
    payload = payload == 'kept' and string.sub(text, payloadStart),
  }
end

-- `retain`: whole milliseconds from now, at least 1.
function idempotency.write(key, record, retain)
  local facts = table.concat({
    '1',
    record.state,
    record.grant,
    idempotency.digits(record.fence),
    idempotency.digits(record.attempt),
    idempotency.digits(record.leaseUntil),
    #record.owner,
    #record.fingerprint,
    record.payload and 'kept' or 'none',
  }, ' ')
  local text = facts .. '\n' .. record.owner .. record.fingerprint .. (record.payload or '')
  redis.call('SET', key, text, 'PX', retain)
end

-- By both: after a failover that lost a record, two grants may have the same fence.
function idempotency.holds(record, owner, fence)
  return record.owner == owner and record.fence == tonumber(fence)
end
