-- letters.add: writes a letter. Put it behind dead-letter-common.lua.

-- The id of a letter that dies now, without its token. Grows even while the clock of the server goes back.
local function newSequence(queue)
  local known = redis.call('HMGET', queue.meta, 'last', 'number')
  local last, number = tonumber(known[1] or 0), tonumber(known[2] or 0)
  if queue.now > last then last, number = queue.now, 0 else number = number + 1 end
  redis.call('HSET', queue.meta, 'last', last, 'number', number)
  return string.format('%013.0f%09.0f', last, number)
end

-- The letter that has this key and is the same as the one to be added, or nothing.
local function duplicateOf(queue, key)
  local sequence = key ~= '' and redis.call('HGET', queue.keys, key)
  local record = sequence and letters.read(queue, { sequence })[1]
  if not record or record[KEY_UNTIL] <= queue.now then return end
  if record[STATE] == 'dead' or record[STATE] == 'leased' then return sequence, record end
end

-- Makes room by dropping the oldest that are dead, at most 100 of them: a limit that was lowered is
-- reached by and by. Nil if there is no room.
local function makeRoom(queue, maxCount, overflow)
  local states = queue.states
  local dead = redis.call('ZCARD', states.dead)
  local surplus = dead + redis.call('ZCARD', states.leased) + redis.call('ZCARD', states.replaying) + 1 - maxCount
  if surplus <= 0 then return {} end
  if overflow == 'refuse' or surplus > dead then return nil end
  local oldest = redis.call('ZRANGE', states.dead, 0, math.min(surplus, 100) - 1)
  return letters.removals(queue, states.dead, oldest, 'overflow')
end

-- What was answered when this very letter was added, or nil. Clients send a command again whose reply was lost.
function letters.addedBefore(queue, letter)
  local id = redis.call('GET', queue.meta .. ':' .. letter.token)
  return id and { 'added', id, queue.now, {} } or nil
end

-- @param settings  maxCount, overflow, resendFor: for how many milliseconds the same letter sent again is known as such
-- @param letter    token, type, class, journey, replays, dueIn, key, keyFor, summary and details (lengths in bytes), text, actor;
--                  '' for what there is not
-- @return { 'added', id, now, dropped } or { 'duplicate', id, now } or { 'full', now }. Nothing is changed before it is sure of the first.
function letters.add(queue, settings, letter)
  local before = letters.addedBefore(queue, letter)
  if before then return before end
  local sequence, record = duplicateOf(queue, letter.key)
  if sequence then
    letters.note(queue, sequence, record, 'duplicate', record[STATE], record[STATE], letter.actor, '')
    return { 'duplicate', letters.idOf(sequence, record), queue.now }
  end
  local oldest = makeRoom(queue, settings.maxCount, settings.overflow)
  if not oldest then return { 'full', queue.now } end
  -- The first write is one that a server without memory refuses, so it is all or nothing.
  sequence = newSequence(queue)
  local dropped = letters.remove(queue, oldest, 'dropped', 'overflow')
  record = {
    'dead', letter.token, letter.type, letter.class, letter.journey ~= '' and letter.journey, letter.replays, 0,
    letter.dueIn ~= '' and queue.now + letter.dueIn, false, false, false, false,
    letter.key ~= '' and letter.key, queue.now + letter.keyFor, letter.summary, letter.details,
  }
  local id = letters.idOf(sequence, record)
  redis.call('SET', queue.texts .. sequence, letter.text)
  letters.place(queue, sequence, record)
  if letter.key ~= '' then redis.call('HSET', queue.keys, letter.key, sequence) end
  redis.call('SET', queue.meta .. ':' .. letter.token, id, 'PX', settings.resendFor)
  letters.note(queue, sequence, record, 'added', '', 'dead', letter.actor, '')
  return { 'added', id, queue.now, dropped }
end

-- The settings and the letter as the client sends them, beginning at ARGV[first].
function letters.received(first)
  local settings = {
    maxCount = tonumber(ARGV[first]), overflow = ARGV[first + 1], resendFor = ARGV[first + 2],
  }
  local letter = {
    token = ARGV[first + 3], type = ARGV[first + 4], class = ARGV[first + 5], journey = ARGV[first + 6],
    replays = tonumber(ARGV[first + 7]), dueIn = ARGV[first + 8], key = ARGV[first + 9], keyFor = ARGV[first + 10],
    summary = tonumber(ARGV[first + 11]), details = tonumber(ARGV[first + 12]), text = ARGV[first + 13],
    actor = ARGV[first + 14],
  }
  return settings, letter
end
