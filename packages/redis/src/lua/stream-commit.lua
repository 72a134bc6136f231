-- Settles the idempotency record of a task and acknowledges it.
-- KEYS  8 record
-- ARGV  2 owner  3 id  4 receipt  5 to 10 the rest of what idempotency.settle takes
-- 'done', 'lost' or 'stale'
local owner, id, receipt = ARGV[2], ARGV[3], ARGV[4]
local row = holdings(owner, id, id, { receipt })[receipt]
if not row then return 'lost' end
local item = load(row) or unknown(id)
if idempotency.settle(KEYS[8], unpack(ARGV, 5, 10)) == 'stale' then return 'stale' end
remove({ id })
redis.call('HINCRBY', totals, 'acknowledged', 1)
audit('acknowledged', owner, '', { step(item) })
return 'done'
