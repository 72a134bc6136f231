-- KEYS: the record. ARGV: owner, fence, lease, retain (milliseconds).
-- Returns 'renewed', 'stale' or 'gone'.
local key, owner, fence = KEYS[1], ARGV[1], ARGV[2]
local lease, retain = tonumber(ARGV[3]), tonumber(ARGV[4])

local record = idempotency.read(key)
if not record then return 'gone' end
if record.state ~= 'inFlight' or not idempotency.holds(record, owner, fence) then return 'stale' end
record.leaseUntil = idempotency.now() + lease * 1000
idempotency.write(key, record, retain)
-- Given up: whoever waits may take over.
if lease == 0 then idempotency.wake(key) end
return 'renewed'
