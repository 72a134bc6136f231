-- Leases letters: what is lapsed first, then what is dead. Refused by the server when it is out of memory.
-- ARGV  1 audit limit  2 limit  3 lease  4 owner  5 '1' for those that are due only  6 type  7 error class ('' for any)
-- { fence, letters, now }
local queue = letters.open(1, ARGV[1])
local limit, owner, kind, class = math.min(tonumber(ARGV[2]), 500), ARGV[4], ARGV[6], ARGV[7]
local filtered = kind ~= '' or class ~= ''
local found = {}

-- Takes what matches of these sequences, as far as there is room.
local function offer(sequences)
  for at, record in ipairs(letters.read(queue, sequences)) do
    if #found == limit then return end
    if record and letters.matches(record, kind, class) then
      found[#found + 1] = { sequence = sequences[at], record = record }
    end
  end
end

local function byTime(a, b)
  if a.time ~= b.time then return a.time < b.time end
  return a.sequence < b.sequence
end

local function sequencesOf(timed)
  table.sort(timed, byTime)
  for at, one in ipairs(timed) do timed[at] = one.sequence end
  return timed
end

-- Leases that have lapsed, longest ago first: with a filter, the first 500 of each state are looked at.
local lapsed = {}
for _, set in pairs(queue.leases) do
  local rows = redis.call('ZRANGE', set, '-inf', queue.now, 'BYSCORE', 'LIMIT', 0, filtered and 500 or limit, 'WITHSCORES')
  for at = 1, #rows, 2 do lapsed[#lapsed + 1] = { sequence = rows[at], time = tonumber(rows[at + 1]) } end
end
offer(sequencesOf(lapsed))

-- Those of a set that are due, soonest first. It must not be large.
local function dueOf(set)
  local timed = {}
  for first = 0, redis.call('ZCARD', set) - 1, 500 do
    local sequences = redis.call('ZRANGE', set, first, first + 499)
    for at, time in ipairs(redis.call('ZMSCORE', queue.due, unpack(sequences))) do
      if time and tonumber(time) <= queue.now then
        timed[#timed + 1] = { sequence = sequences[at], time = tonumber(time) }
      end
    end
  end
  return sequencesOf(timed)
end

local matching = letters.deadSet(queue, kind, class)
if ARGV[5] ~= '1' then
  offer(redis.call('ZRANGE', matching, 0, limit - 1))
elseif filtered and redis.call('ZCARD', matching) <= 2000 then
  local due = dueOf(matching)
  offer({ unpack(due, 1, math.min(#due, limit)) })
else
  -- In a crowd of others that are due, the first 5,000 are looked at.
  for first = 0, 4500, 500 do
    if #found == limit then break end
    local page = redis.call('ZRANGE', queue.due, '-inf', queue.now, 'BYSCORE', 'LIMIT', first, 500)
    offer(page)
    if #page < 500 then break end
  end
end

if #found == 0 then return { 0, {}, queue.now } end
local lease = { owner = owner, fence = letters.newFence(queue), ends = queue.now + ARGV[3] }
local told, size = {}, 0
for at, letter in ipairs(found) do
  -- Payloads may be large. What does not fit into one answer is left for the next claim.
  if size > 8000000 then break end
  local sequence, record = letter.sequence, letter.record
  -- What is being replayed must be finished under its replay id, whoever does it.
  local state = record[STATE] == 'replaying' and 'replaying' or 'leased'
  local event = record[STATE] == 'dead' and 'claimed' or 'takenOver'
  letters.hold(queue, sequence, record, state, lease, event, owner, '')
  local text = letters.text(queue, sequence, record, 'payload')
  told[at] = letters.tell(sequence, record, 'payload', text)
  size = size + #text
end
return { lease.fence, told, queue.now }
