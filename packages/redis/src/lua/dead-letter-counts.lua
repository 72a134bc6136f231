-- ARGV  1 audit limit
-- { dead, leased, replaying, replayed, resolved, discarded, the sequence of the oldest dead one or false, now }
local queue = letters.open(1, ARGV[1])
local states = queue.states
local function size(state) return redis.call('ZCARD', states[state]) end
return {
  size('dead'), size('leased'), size('replaying'), size('replayed'), size('resolved'), size('discarded'),
  redis.call('ZRANGE', states.dead, 0, 0)[1] or false, queue.now,
}
