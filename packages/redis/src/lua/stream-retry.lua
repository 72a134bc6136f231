-- Reports a failure.
-- ARGV  2 owner  3 id  4 receipt  5 delay  6 reason
-- 1, or 0 if it is lost.
local owner, id, receipt, delay = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local row = holdings(owner, id, id, { receipt })[receipt]
local item = row and load(row)
if not item then return 0 end
remove({ id })
item.deliveries, item.starts, item.failures = 0, 0, item.failures + 1
place(item, delay)
audit('retryScheduled', owner, ARGV[6], { step(item, delay) })
return 1
