-- Goes ahead of a read that blocks, which a script cannot do: says that an owner is there, and tells the time.
-- KEYS  1 stream  2 owners
-- ARGV  1 owner  2 'create' if there may be no group
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[2], now, ARGV[1])
if ARGV[2] == 'create' then redis.pcall('XGROUP', 'CREATE', KEYS[1], 'workers', '0', 'MKSTREAM') end
return now
