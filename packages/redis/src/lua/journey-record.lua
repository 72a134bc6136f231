-- Adds events to a journey, in order.
-- KEYS: the list. ARGV: how many events to keep, for how long (milliseconds), then for each event how long ago it was
-- (milliseconds) and its text. Each becomes: microseconds since 1970 by the clock of this server, a space, its text.
-- A server without memory for more refuses it.
local key, keep, maxAge = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local lines = {}
for i = 3, #ARGV, 2 do
  local at = string.format('%.0f', now - tonumber(ARGV[i]) * 1000)
  lines[#lines + 1] = at .. ' ' .. ARGV[i + 1]
end
redis.call('RPUSH', key, unpack(lines))
redis.call('LTRIM', key, -keep, -1)
redis.call('PEXPIRE', key, maxAge)
