-- Lets entries wait that are due.
-- ARGV  2 limit
-- { promoted, milliseconds until the next one or -1 }
local names = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, ARGV[2])
local steps, vanished = {}, 0
for _, name in ipairs(names) do
  local body = redis.call('HGET', bodies, name)
  local item = body and read(cmsgpack.unpack(body))
  if item then
    place(item, 0)
    steps[#steps + 1] = step(item)
  else
    vanished = vanished + 1
  end
end
callEach({ 'ZREM', due }, names)
callEach({ 'HDEL', bodies }, names)
if vanished > 0 then redis.call('HINCRBY', totals, 'vanished', vanished) end
audit('promoted', '', '', steps)
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
return { #steps, first[2] and math.ceil(math.max(0, first[2] - now)) or -1 }
