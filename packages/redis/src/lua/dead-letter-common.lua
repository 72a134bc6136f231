-- What all scripts of the dead letters share: where things are, records, indices, the audit, all in the table `letters`. No
-- function reads ARGV, and KEYS only through `letters.open`, so that a script of another domain can
-- put this file in front and do its step and ours in one.
--
-- A letter is named by its sequence, the 22 digits that its id begins with. It consists of
--   a record   everything that steps and indices need, packed, in one hash for all letters
--   a text     summary, details and payload, one behind the other; nothing here looks into it
-- and stands in
--   the set of its state          by sequence, so that pages stay right while letters come and go
--   if `dead`                     the sets of its type, its error class, and both; `due` by time, if recovery may look at it
--   if `leased` or `replaying`    the leases of that state, by the time they lapse
--   if settled                    `settled`, by the time it was settled
local STATE, TOKEN, TYPE, CLASS, JOURNEY, REPLAYS, ATTEMPTS, DUE = 1, 2, 3, 4, 5, 6, 7, 8
local OWNER, FENCE, UNTIL, SETTLED, KEY, KEY_UNTIL, SUMMARY, DETAILS = 9, 10, 11, 12, 13, 14, 15, 16

local letters = {}

-- The queue whose keys begin at KEYS[first].
function letters.open(first, auditLimit)
  local time = redis.call('TIME')
  return {
    now = time[1] * 1000 + math.floor(time[2] / 1000),
    microseconds = time[1] * 1000000 + time[2],
    auditLimit = tonumber(auditLimit),
    texts = KEYS[first],            -- what the keys of texts begin with
    index = KEYS[first + 1],        -- what the keys of types, classes and groups begin with
    records = KEYS[first + 2],      -- hash: sequence -> record
    meta = KEYS[first + 3],         -- hash: last, number (of ids); fence
    keys = KEYS[first + 4],         -- hash: dedupe key -> sequence
    audit = KEYS[first + 5],        -- stream
    groups = KEYS[first + 6],       -- sorted set: type and class -> how many are dead
    due = KEYS[first + 7],
    settled = KEYS[first + 8],
    leases = { leased = KEYS[first + 9], replaying = KEYS[first + 10] },
    states = {
      dead = KEYS[first + 11], leased = KEYS[first + 12], replaying = KEYS[first + 13],
      replayed = KEYS[first + 14], resolved = KEYS[first + 15], discarded = KEYS[first + 16],
    },
  }
end

-- Numbers as text, with all their digits.
local function digits(number)
  return string.format('%.0f', number)
end

function letters.sequenceOf(id)
  return string.sub(id, 1, 22)
end

function letters.idOf(sequence, record)
  return sequence .. '-' .. record[TOKEN]
end

function letters.diedAt(sequence)
  return tonumber(string.sub(sequence, 1, 13))
end

function letters.replayIdOf(sequence, record)
  return letters.idOf(sequence, record) .. ':' .. digits(record[REPLAYS] + 1)
end

-- The records of these sequences, in order; false where there is none.
function letters.read(queue, sequences)
  if #sequences == 0 then return {} end
  local packed = redis.call('HMGET', queue.records, unpack(sequences))
  for at, record in ipairs(packed) do packed[at] = record and cmsgpack.unpack(record) end
  return packed
end

-- The letter with this id: its sequence and record, or nothing.
function letters.find(queue, id)
  local sequence = letters.sequenceOf(id)
  local record = letters.read(queue, { sequence })[1]
  if record and letters.idOf(sequence, record) == id then return sequence, record end
end

function letters.save(queue, sequence, record)
  redis.call('HSET', queue.records, sequence, cmsgpack.pack(record))
end

-- The length in front tells where the type ends, whatever is in it.
function letters.group(kind, class)
  return #kind .. ':' .. kind .. class
end

-- The set of letters that are dead and match; '' matches all.
function letters.deadSet(queue, kind, class)
  if kind ~= '' and class ~= '' then return queue.index .. 'g:' .. letters.group(kind, class) end
  if kind ~= '' then return queue.index .. 't:' .. kind end
  if class ~= '' then return queue.index .. 'c:' .. class end
  return queue.states.dead
end

function letters.matches(record, kind, class)
  return (kind == '' or record[TYPE] == kind) and (class == '' or record[CLASS] == class)
end

-- Every sorted set that a letter stands in: those by sequence, and the one by time, if any, with the time.
local function places(queue, record)
  local state = record[STATE]
  local bySequence = { queue.states[state] }
  if state ~= 'dead' then
    if queue.leases[state] then return bySequence, queue.leases[state], record[UNTIL] end
    return bySequence, queue.settled, record[SETTLED]
  end
  local kind, class = record[TYPE], record[CLASS]
  bySequence[2] = queue.index .. 't:' .. kind
  bySequence[3] = queue.index .. 'c:' .. class
  bySequence[4] = queue.index .. 'g:' .. letters.group(kind, class)
  if record[DUE] then return bySequence, queue.due, record[DUE] end
  return bySequence
end

-- Puts a letter where it belongs.
function letters.place(queue, sequence, record)
  local bySequence, byTime, time = places(queue, record)
  for _, set in ipairs(bySequence) do redis.call('ZADD', set, 0, sequence) end
  if byTime then redis.call('ZADD', byTime, time, sequence) end
  if record[STATE] == 'dead' then
    redis.call('ZINCRBY', queue.groups, 1, letters.group(record[TYPE], record[CLASS]))
  end
  letters.save(queue, sequence, record)
end

-- Takes letters out of all sets, a set at a time. At most 500.
function letters.displace(queue, found)
  local members, groups = {}, {}
  for _, letter in ipairs(found) do
    local record = letter.record
    local bySequence, byTime = places(queue, record)
    bySequence[#bySequence + 1] = byTime
    for _, set in ipairs(bySequence) do
      members[set] = members[set] or {}
      table.insert(members[set], letter.sequence)
    end
    if record[STATE] == 'dead' then
      local group = letters.group(record[TYPE], record[CLASS])
      groups[group] = (groups[group] or 0) + 1
    end
  end
  for set, sequences in pairs(members) do redis.call('ZREM', set, unpack(sequences)) end
  for group, size in pairs(groups) do redis.call('ZINCRBY', queue.groups, -size, group) end
  if next(groups) then redis.call('ZREMRANGEBYSCORE', queue.groups, '-inf', 0) end
end

-- One entry of the audit. `from` and `to` are states, '' for none.
function letters.note(queue, sequence, record, event, from, to, actor, reason)
  if queue.auditLimit == 0 then return end
  redis.call(
    'XADD', queue.audit, 'MAXLEN', '~', queue.auditLimit, '*',
    'letter', letters.idOf(sequence, record), 'event', event, 'from', from, 'to', to,
    'actor', actor, 'reason', reason
  )
end

-- Forgets the dedupe key of a letter, unless another letter has it now.
function letters.forgetKey(queue, sequence, record)
  local key = record[KEY]
  if key and redis.call('HGET', queue.keys, key) == sequence then redis.call('HDEL', queue.keys, key) end
end

-- These letters of a set, to be removed. What has lost its record (somebody deleted it) leaves the set at once.
function letters.removals(queue, set, sequences, cause)
  local found = {}
  for at, record in ipairs(letters.read(queue, sequences)) do
    if record then found[#found + 1] = { sequence = sequences[at], record = record, cause = cause }
    else redis.call('ZREM', set, sequences[at])
    end
  end
  return found
end

-- Removes letters, each { sequence, record, cause }, at most 500. What the client makes of it: { id, type, journey, cause } for each.
function letters.remove(queue, found, event, actor)
  if #found == 0 then return {} end
  local told, sequences, texts = {}, {}, {}
  letters.displace(queue, found)
  for at, letter in ipairs(found) do
    local sequence, record = letter.sequence, letter.record
    letters.forgetKey(queue, sequence, record)
    letters.note(queue, sequence, record, event, record[STATE], '', actor, letter.cause)
    sequences[at] = sequence
    texts[at] = queue.texts .. sequence
    told[at] = { letters.idOf(sequence, record), record[TYPE], record[JOURNEY], letter.cause }
  end
  redis.call('HDEL', queue.records, unpack(sequences))
  redis.call('UNLINK', unpack(texts))
  return told
end

-- The text of a letter as far as `extent`: 'summary', 'details' or 'payload'.
function letters.text(queue, sequence, record, extent)
  local key = queue.texts .. sequence
  if extent == 'payload' then return redis.call('GET', key) or '' end
  local length = record[SUMMARY] + (extent == 'details' and record[DETAILS] or 0)
  return redis.call('GETRANGE', key, 0, length - 1)
end

-- Replaces the payload of a letter.
function letters.writePayload(queue, sequence, record, payload)
  local rest = letters.text(queue, sequence, record, 'details')
  redis.call('SET', queue.texts .. sequence, rest .. payload)
end

-- What the client makes a letter of. Take the text before a step that may remove the letter.
function letters.tell(sequence, record, extent, text)
  local summaryEnds = record[SUMMARY]
  local detailsEnd = summaryEnds + record[DETAILS]
  return {
    letters.idOf(sequence, record), record[STATE], record[TYPE], record[CLASS], record[JOURNEY], record[REPLAYS],
    record[ATTEMPTS], record[DUE], record[SETTLED], record[OWNER], record[UNTIL],
    string.sub(text, 1, summaryEnds),
    extent ~= 'summary' and string.sub(text, summaryEnds + 1, detailsEnd),
    extent == 'payload' and not record[SETTLED] and string.sub(text, detailsEnd + 1),
  }
end

-- The same, with the text as it is now.
function letters.show(queue, sequence, record, extent)
  return letters.tell(sequence, record, extent, letters.text(queue, sequence, record, extent))
end
