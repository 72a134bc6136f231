-- Idempotency records. All functions are in one table, so that other scripts can put this text in front of their own.
--
-- A record is one string: its version, 1, and eight values, packed one behind the other (which costs a fifth of what text does).
-- Payloads are never decoded. Times are microseconds since 1970 by the clock of this server. The key expires with the record.
local idempotency = {}

function idempotency.now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

function idempotency.textOf(record)
  return cmsgpack.pack(
    1, record.state, record.grant, record.fence, record.attempt, record.leaseUntil, record.owner, record.fingerprint,
    record.payload
  )
end

function idempotency.recordOf(text)
  local version, state, grant, fence, attempt, leaseUntil, owner, fingerprint, payload = cmsgpack.unpack(text)
  if version ~= 1 or payload == nil then error('not an idempotency record that this version can read') end
  return {
    state = state,
    grant = grant,
    fence = fence,
    attempt = attempt,
    leaseUntil = leaseUntil,
    owner = owner,
    fingerprint = fingerprint,
    payload = payload,
  }
end

function idempotency.read(key)
  local text = redis.call('GET', key)
  return text and idempotency.recordOf(text) or nil
end

-- `retain`: whole milliseconds from now, at least 1.
function idempotency.write(key, record, retain)
  redis.call('SET', key, idempotency.textOf(record), 'PX', retain)
end

-- By both: after a failover that lost a record, two grants may have the same fence.
function idempotency.holds(record, owner, fence)
  return record.owner == owner and record.fence == tonumber(fence)
end
