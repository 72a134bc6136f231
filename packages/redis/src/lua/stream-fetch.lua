-- Hands out what waits, without waiting for it.
-- ARGV  2 owner  3 count
-- { now, entries as XREADGROUP gives them }
local owner, count = ARGV[2], ARGV[3]
heardOf(owner)
local function read()
  return redis.pcall('XREADGROUP', 'GROUP', group, owner, 'COUNT', count, 'STREAMS', stream, '>')
end
local found = read()
if found and found.err then
  if string.sub(found.err, 1, 7) ~= 'NOGROUP' then return found end
  redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  found = read()
end
return { now, found and found[1][2] or {} }
