-- Says what an instance calls for, and reads what all say.
-- KEYS: the instances, the override. ARGV: instance, target, ttl, how long an override without end outlives the last
-- instance (milliseconds).
-- Returns the override (endsIn, version, level, mode, reason, actor; endsIn '' for ever), or '' without one, then each
-- target and how many instances call for it.
local instances, override = KEYS[1], KEYS[2]
local ttl, keepFor = tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

redis.call('HSET', instances, ARGV[1], string.format('%.3f %s', now + ttl, ARGV[2]))
if redis.call('PTTL', instances) < ttl then redis.call('PEXPIRE', instances, math.ceil(ttl)) end

local counts, order, gone = {}, {}, {}
local all = redis.call('HGETALL', instances)
for i = 1, #all, 2 do
  local till, target = string.match(all[i + 1], '^(%S+) (.*)$')
  if tonumber(till) <= now then
    gone[#gone + 1] = all[i]
  else
    if not counts[target] then order[#order + 1] = target end
    counts[target] = (counts[target] or 0) + 1
  end
end
for i = 1, #gone, 500 do
  redis.call('HDEL', instances, unpack(gone, i, math.min(i + 499, #gone)))
end

local answer = { '' }
local till = redis.call('HGET', override, 'until')
if till and (till == '' or tonumber(till) > now) then
  local endsIn = ''
  if till == '' then
    redis.call('PEXPIRE', override, keepFor)
  else
    endsIn = string.format('%.3f', tonumber(till) - now)
  end
  local fields = redis.call('HMGET', override, 'version', 'level', 'mode', 'reason', 'actor')
  answer[1] = { endsIn, unpack(fields) }
end
for _, target in ipairs(order) do
  answer[#answer + 1] = target
  answer[#answer + 1] = counts[target]
end
return answer
