-- What all scripts of a task stream share: the keys, the time, and the steps of an entry. Comes after stream-entry.lua.
--
-- KEYS  1 stream   entries that wait or are pending
--       2 due      sorted set: entry -> when it is due
--       3 bodies   hash: entry -> the fields that the stream will hold of it, for those that are due
--       4 owners   sorted set: owner -> when it was last heard of
--       5 totals   hash: enqueued, acknowledged, dead, vanished
--       6 starts   hash: id of a pending entry -> starts since it was added, '.', the hand-out that was counted last
--       7 trail    stream: the audit, the steps of one kind that were done together in each entry
-- ARGV  1 how many entries the audit keeps
--
-- The fields of an entry are in stream-entry.ts. One that was put back has a field more, 'c', with the counts that it begins with:
-- 'deliveries,starts,failures'. What came after is in the list of pending entries (hand-outs) and in `starts`: handing out writes
-- nothing else, so that XREADGROUP alone can do it.
-- A receipt is the id of the entry in the stream, '.', and the number of the hand-out. Ids never repeat.
local stream, due, bodies, owners, totals, starts, trail = unpack(KEYS, 1, 7)
local group = 'workers'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local auditLimit = tonumber(ARGV[1])

-- XPENDING, which answers with nothing while there is no group: then nobody holds anything.
local function pending(...)
  local rows = redis.pcall('XPENDING', stream, group, ...)
  if not rows.err then return rows end
  if string.sub(rows.err, 1, 7) == 'NOGROUP' then return {} end
  return error(rows)
end

-- Calls a command with any number of items: Lua passes some thousand arguments at most.
local function callEach(before, items, after)
  for first = 1, #items, 500 do
    local command = { unpack(before) }
    for index = first, math.min(first + 499, #items) do command[#command + 1] = items[index] end
    if after then command[#command + 1] = after end
    redis.call(unpack(command))
  end
end

-- What of these receipts `owner` holds: receipt -> row of XPENDING (id, owner, idle, hand-out). One look for all of them, at the
-- ids between the first and the last one.
local function holdings(owner, first, last, receipts)
  local rows = {}
  local limit = #receipts + 100
  local found = pending(first, last, limit, owner)
  for _, row in ipairs(found) do rows[row[1] .. '.' .. row[4]] = row end
  if #found < limit then return rows end
  for _, receipt in ipairs(receipts) do
    local id = string.match(receipt, '^(.-)%.')
    local row = pending(id, id, 1, owner)[1]
    if row then rows[row[1] .. '.' .. row[4]] = row end
  end
  return rows
end

-- Starts of a pending entry since it was added, and the hand-out that was counted last.
local function startsOf(id)
  local count, handOut = string.match(redis.call('HGET', starts, id) or '', '^(%d+)%.(%d+)$')
  return tonumber(count or 0), tonumber(handOut or 0)
end

-- An entry by its fields. Nil if they are not those of a task.
local function read(fields)
  local item = {}
  for index = 1, #fields, 2 do item[fields[index]] = fields[index + 1] end
  if not (item.e and item.t and item.p and item.a) then return nil end
  item.fields = fields
  -- The number may begin anew after a failover that lost some; the time goes on.
  item.name = item.a .. '-' .. item.e
  local deliveries, started, failures = string.match(item.c or '', '^(%d+),(%d+),(%d+)$')
  item.deliveries, item.starts, item.failures = tonumber(deliveries or 0), tonumber(started or 0), tonumber(failures or 0)
  return item
end

-- A pending entry with its counts of now. Nil if its content is gone.
local function load(row)
  local found = redis.call('XRANGE', stream, row[1], row[1])[1]
  local item = found and read(found[2])
  if not item then return nil end
  local since, marked = startsOf(row[1])
  item.id, item.handOut = row[1], row[4]
  item.deliveries, item.starts = item.deliveries + row[4], item.starts + since
  item.started = marked == row[4]
  return item
end

-- Takes entries out of the stream.
local function remove(ids)
  callEach({ 'XACK', stream, group }, ids)
  callEach({ 'XDEL', stream }, ids)
  callEach({ 'HDEL', starts }, ids)
end

-- Lets an entry wait, or makes it due.
local function place(item, delay)
  local fields = {}
  for index = 1, #item.fields, 2 do
    if item.fields[index] ~= 'c' then
      fields[#fields + 1] = item.fields[index]
      fields[#fields + 1] = item.fields[index + 1]
    end
  end
  fields[#fields + 1] = 'c'
  fields[#fields + 1] = table.concat({ item.deliveries, item.starts, item.failures }, ',')
  if delay > 0 then
    redis.call('ZADD', due, now + delay, item.name)
    redis.call('HSET', bodies, item.name, cmsgpack.pack(fields))
  else
    redis.call('XADD', stream, '*', unpack(fields))
  end
end

-- One step for the audit: what is told of an entry, by position.
local function step(item, delay, previousOwner, idle)
  return {
    item.t, item.name, item.deliveries, item.starts, item.failures,
    delay or false, previousOwner or false, idle or false,
  }
end

-- What is told of an entry whose content is gone.
local function unknown(id)
  return { t = '', name = id, deliveries = 0, starts = 0, failures = 0 }
end

-- Writes the steps of one kind that were done together.
local function auditText(event, owner, reason, steps)
  if auditLimit == 0 then return end
  redis.call(
    'XADD', trail, 'MAXLEN', '~', auditLimit, '*',
    'event', event, 'owner', owner, 'reason', reason, 'steps', steps
  )
end

-- A step as JSON: what the caller told, or else what the entry says. Looking an entry up costs more than all the rest.
local function toldStep(told, row)
  return told ~= '' and told or cjson.encode(step(load(row) or unknown(row[1])))
end

-- Ends entries as done. `steps`: of each, as JSON.
local function acknowledge(owner, ids, steps)
  if #ids == 0 then return end
  remove(ids)
  redis.call('HINCRBY', totals, 'acknowledged', #ids)
  auditText('acknowledged', owner, '', '[' .. table.concat(steps, ',') .. ']')
end

local function audit(event, owner, reason, steps)
  if auditLimit > 0 and #steps > 0 then auditText(event, owner, reason, cjson.encode(steps)) end
end

-- What the client makes a delivery of, by position.
local function delivery(item, previousOwner)
  return {
    item.id .. '.' .. item.handOut, item.deliveries, item.starts, item.failures, previousOwner or '', item.fields,
  }
end

local function heardOf(owner)
  redis.call('ZADD', owners, now, owner)
end
