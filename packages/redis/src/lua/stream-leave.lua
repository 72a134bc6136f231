-- Forgets owners that hold nothing. XGROUP DELCONSUMER alone would lose what they hold.
-- ARGV  2 the owner, or '' for all that were not heard of for  3 idle
-- Who is gone.
local names = { ARGV[2] }
if ARGV[2] == '' then
  names = redis.call('ZRANGEBYSCORE', owners, '-inf', now - ARGV[3], 'LIMIT', 0, 100)
end
local gone = {}
for _, name in ipairs(names) do
  if #pending('-', '+', 1, name) == 0 then
    redis.pcall('XGROUP', 'DELCONSUMER', stream, group, name)
    redis.call('ZREM', owners, name)
    gone[#gone + 1] = name
  end
end
return gone
