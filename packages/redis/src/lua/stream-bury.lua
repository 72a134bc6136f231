-- Ends an entry as dead.
-- ARGV  2 owner  3 id  4 receipt  5 reason
-- 1, or 0 if it is lost.
local owner, id, receipt = ARGV[2], ARGV[3], ARGV[4]
local row = holdings(owner, id, id, { receipt })[receipt]
if not row then return 0 end
local item = load(row) or unknown(id)
remove({ id })
redis.call('HINCRBY', totals, 'dead', 1)
audit('dead', owner, ARGV[5], { step(item) })
return 1
