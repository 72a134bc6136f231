-- Sets the override, in place of any other.
-- KEYS: the override. ARGV: version, level, mode, reason, actor, endsIn (milliseconds, '' for ever), how long one without
-- end is kept if nobody asks for it.
local key, endsIn = KEYS[1], tonumber(ARGV[6])
local till = ''
if endsIn then
  local time = redis.call('TIME')
  till = string.format('%.3f', time[1] * 1000 + time[2] / 1000 + endsIn)
end
redis.call('DEL', key)
redis.call(
  'HSET', key,
  'version', ARGV[1], 'level', ARGV[2], 'mode', ARGV[3], 'reason', ARGV[4], 'actor', ARGV[5], 'until', till
)
redis.call('PEXPIRE', key, endsIn and math.max(1, math.ceil(endsIn)) or ARGV[7])
