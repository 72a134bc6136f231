-- Gives entries back as if they had not been handed out.
-- ARGV  2 owner  3 first id  4 last id  5 delay  6 reason  then the receipts
-- The positions of the receipts that are lost.
local owner, delay = ARGV[2], tonumber(ARGV[5])
local receipts = {}
for index = 7, #ARGV do receipts[index - 6] = ARGV[index] end
local held = holdings(owner, ARGV[3], ARGV[4], receipts)
local lost, steps = {}, {}
for index, receipt in ipairs(receipts) do
  local row = held[receipt]
  held[receipt] = nil
  local item = row and load(row)
  if item then
    remove({ item.id })
    item.deliveries = item.deliveries - 1
    if item.started then item.starts = item.starts - 1 end
    place(item, delay)
    steps[#steps + 1] = step(item, delay)
  else
    lost[#lost + 1] = index
  end
end
audit('handedBack', owner, ARGV[6], steps)
return lost
