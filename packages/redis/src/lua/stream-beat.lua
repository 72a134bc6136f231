-- Says that an owner lives and holds entries, and counts starts.
-- ARGV  2 owner  3 first id  4 last id  5 number of receipts  then the receipts, then those of them that have started
-- The positions of the receipts that are lost.
local owner, first, last, count = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
heardOf(owner)
if count == 0 then return {} end
local receipts = {}
for index = 1, count do receipts[index] = ARGV[index + 5] end
local held = holdings(owner, first, last, receipts)
local lost, ids = {}, {}
for index, receipt in ipairs(receipts) do
  if held[receipt] then ids[#ids + 1] = held[receipt][1] else lost[#lost + 1] = index end
end
-- To oneself, without content: this resets the time of silence, and does not count as a hand-out.
callEach({ 'XCLAIM', stream, group, owner, 0 }, ids, 'JUSTID')
local steps = {}
for index = 6 + count, #ARGV do
  local row = held[ARGV[index]]
  if row then
    local since, marked = startsOf(row[1])
    if marked ~= row[4] then
      redis.call('HSET', starts, row[1], (since + 1) .. '.' .. row[4])
      local item = auditLimit > 0 and load(row)
      if item then steps[#steps + 1] = step(item) end
    end
  end
end
audit('started', owner, '', steps)
return lost
