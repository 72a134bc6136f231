-- Gives back what is lapsed, then removes what is too old or too much. Touches 500 letters at most, so the server is never held up.
-- ARGV  1 audit limit  2 age  3 count  4 age of settled ones ('' for no limit)  5 batch  6 actor
-- { removed, how many were given back, whether there may be more (1 or 0), now }
local queue = letters.open(1, ARGV[1])
local age, keep, settledAge = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local batch, actor = math.min(tonumber(ARGV[5]), 500), ARGV[6]

local lapsed = redis.call('ZRANGE', queue.leases.leased, '-inf', queue.now, 'BYSCORE', 'LIMIT', 0, batch)
for at, record in ipairs(letters.read(queue, lapsed)) do
  if record then
    letters.release(queue, lapsed[at], record, record[DUE], record[ATTEMPTS], 'lapsed', actor, '')
  end
end
local room = batch - #lapsed

local removals = {}
if room > 0 and (age or keep) then
  local surplus = keep and redis.call('ZCARD', queue.states.dead) - keep or 0
  local oldest = redis.call('ZRANGE', queue.states.dead, 0, room - 1)
  for at, sequence in ipairs(oldest) do
    local old = age and letters.diedAt(sequence) <= queue.now - age
    if not old and at > surplus then
      oldest = { unpack(oldest, 1, at - 1) }
      break
    end
  end
  removals = letters.removals(queue, queue.states.dead, oldest, 'count')
  for _, letter in ipairs(removals) do
    if age and letters.diedAt(letter.sequence) <= queue.now - age then letter.cause = 'age' end
  end
end
local removed = letters.remove(queue, removals, 'expired', actor)
room = room - #removed

if room > 0 and settledAge then
  local oldest = redis.call('ZRANGE', queue.settled, '-inf', queue.now - settledAge, 'BYSCORE', 'LIMIT', 0, room)
  local told = letters.remove(queue, letters.removals(queue, queue.settled, oldest, 'settled'), 'expired', actor)
  for _, one in ipairs(told) do removed[#removed + 1] = one end
  room = room - #told
end
return { removed, #lapsed, room > 0 and 0 or 1, queue.now }
