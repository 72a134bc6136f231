-- KEYS: the record. ARGV: the fence it must have, or '' for any.
-- Returns 'forgotten', 'stale' or 'gone'.
local key, fence = KEYS[1], ARGV[1]
local record = idempotency.read(key)
if not record then return 'gone' end
if fence ~= '' and record.fence ~= tonumber(fence) then return 'stale' end
redis.call('DEL', key)
idempotency.wake(key)
return 'forgotten'
