-- Hands out again what an owner holds without knowing it.
-- ARGV  2 owner  3 idle  4 limit  then the receipts that it knows
-- { now, deliveries }
local owner, idle, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local known = {}
for index = 5, #ARGV do known[ARGV[index]] = true end
heardOf(owner)
local found, ids, steps = {}, {}, {}
for _, row in ipairs(pending('IDLE', idle, '-', '+', limit + #ARGV - 4, owner)) do
  if #found >= limit then break end
  local item = not known[row[1] .. '.' .. row[4]] and load(row)
  if item then
    found[#found + 1] = delivery(item)
    ids[#ids + 1] = item.id
    steps[#steps + 1] = step(item)
  end
end
callEach({ 'XCLAIM', stream, group, owner, 0 }, ids, 'JUSTID')
audit('resent', owner, '', steps)
return { now, found }
