-- KEYS: the record. Returns nothing, or: state, owner, fence, attempt, what is left of the lease in microseconds, and of
-- the record in milliseconds.
local record = idempotency.read(KEYS[1])
if not record then return false end
local leaseLeft = 0
if record.state == 'inFlight' then
  leaseLeft = math.max(0, record.leaseUntil - idempotency.now())
  if leaseLeft == 0 then record.state = 'abandoned' end
end
return { record.state, record.owner, record.fence, record.attempt, leaseLeft, redis.call('PTTL', KEYS[1]) }
