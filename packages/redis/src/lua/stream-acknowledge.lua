-- Ends entries as done.
-- ARGV  2 owner  3 first id  4 last id  then for each its receipt, and its step for the audit as JSON if the caller knows it
-- The positions of the receipts that are lost.
local owner = ARGV[2]
local receipts = {}
for index = 5, #ARGV, 2 do receipts[#receipts + 1] = ARGV[index] end
local held = holdings(owner, ARGV[3], ARGV[4], receipts)
local lost, ids, steps = {}, {}, {}
for index, receipt in ipairs(receipts) do
  local row = held[receipt]
  if row then
    held[receipt] = nil
    ids[#ids + 1] = row[1]
    if auditLimit > 0 then steps[#steps + 1] = toldStep(ARGV[4 + 2 * index], row) end
  else
    lost[#lost + 1] = index
  end
end
acknowledge(owner, ids, steps)
return lost
