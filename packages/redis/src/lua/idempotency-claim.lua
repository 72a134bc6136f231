-- KEYS: the records. ARGV: for each in turn its owner, fingerprint, lease, retain (milliseconds), takeover ('1' or '0').
-- Returns for each, in order, the kind of the answer, and what belongs to it:
--   acquired, retried, recovered: fence, attempt, error of the last failure
--   inFlight: what is left of the lease, in microseconds
--   abandoned: attempt, fence
--   completed, failed: payload
-- A server without memory for more refuses them: it is not allowed to write then.
local now = idempotency.now()

local function answer(record)
  return { record.grant, record.fence, record.attempt, record.payload }
end

local function claim(key, owner, fingerprint, lease, retain, takeover)
  local record = idempotency.read(key)
  local function granted()
    record.leaseUntil = now + lease * 1000
    idempotency.write(key, record, retain)
    return answer(record)
  end
  local function grant(kind)
    record.state, record.grant, record.owner = 'inFlight', kind, owner
    record.fence = math.max(now, record.fence + 1)
    record.attempt = record.attempt + 1
    if fingerprint ~= '' then record.fingerprint = fingerprint end
    return granted()
  end

  if not record then
    record = { fence = 0, attempt = 0, fingerprint = '', payload = false }
    return grant('acquired')
  end
  if record.fingerprint ~= '' and fingerprint ~= '' and record.fingerprint ~= fingerprint then
    return { 'mismatch' }
  end
  if record.state == 'completed' or record.state == 'failed' then
    return { record.state, record.payload }
  end
  if record.state == 'retryable' then
    return grant('retried')
  end
  if record.owner == owner then
    return granted()
  end
  if record.leaseUntil > now then
    return { 'inFlight', record.leaseUntil - now }
  end
  if takeover then
    return grant('recovered')
  end
  return { 'abandoned', record.attempt, record.fence }
end

local answers = {}
for index, key in ipairs(KEYS) do
  local at = index * 5 - 4
  answers[index] =
    claim(key, ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4] == '1')
end
return answers
