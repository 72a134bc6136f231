-- The largest groups of letters that are dead, at most 1,000.
-- ARGV  1 audit limit
-- { type, error class, how many, the sequences of the first and the last } for each
local queue = letters.open(1, ARGV[1])
local told = {}
local groups = redis.call('ZRANGE', queue.groups, 0, 999, 'REV', 'WITHSCORES')
for at = 1, #groups, 2 do
  local length, both = string.match(groups[at], '^(%d+):(.*)$')
  local kind, class = string.sub(both, 1, tonumber(length)), string.sub(both, tonumber(length) + 1)
  local set = queue.index .. 'g:' .. groups[at]
  local first, last = redis.call('ZRANGE', set, 0, 0)[1], redis.call('ZRANGE', set, -1, -1)[1]
  told[#told + 1] = { kind, class, tonumber(groups[at + 1]), first, last }
end
return told
