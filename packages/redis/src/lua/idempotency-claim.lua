-- KEYS: the record. ARGV: owner, fingerprint, lease, retain (milliseconds), takeover ('1' or '0').
-- Returns the kind of the answer, and what belongs to it:
--   acquired, retried, recovered: fence, attempt, error of the last failure
--   inFlight: what is left of the lease, in microseconds
--   abandoned: attempt, fence
--   completed, failed: payload
-- A server without memory for more refuses it: it is not allowed to write then.
local key, owner, fingerprint = KEYS[1], ARGV[1], ARGV[2]
local lease, retain, takeover = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local now = idempotency.now()

local function granted(record)
  record.leaseUntil = now + lease * 1000
  idempotency.write(key, record, retain)
  return { record.grant, record.fence, record.attempt, record.payload }
end

local function grant(kind, before)
  return granted({
    state = 'inFlight',
    grant = kind,
    fence = math.max(now, before.fence + 1),
    attempt = before.attempt + 1,
    owner = owner,
    fingerprint = fingerprint ~= '' and fingerprint or before.fingerprint,
    payload = before.payload,
  })
end

local record = idempotency.read(key)
if not record then
  return grant('acquired', { fence = 0, attempt = 0, fingerprint = '', payload = false })
end
if record.fingerprint ~= '' and fingerprint ~= '' and record.fingerprint ~= fingerprint then
  return { 'mismatch' }
end
if record.state == 'completed' or record.state == 'failed' then
  return { record.state, record.payload }
end
if record.state == 'retryable' then
  return grant('retried', record)
end
if record.owner == owner then
  return granted(record)
end
if record.leaseUntil > now then
  return { 'inFlight', record.leaseUntil - now }
end
if takeover then
  return grant('recovered', record)
end
return { 'abandoned', record.attempt, record.fence }
