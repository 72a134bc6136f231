-- Adds a task to a stream: the entry, its number, and what the audit tells of it. The layout is in stream-entry.ts.

-- The fields of a new entry.
-- @param task  as below
-- @param number, enqueuedAt  of the entry
local function fields_of_task(task, number, enqueuedAt)
  return { 'e', number, 't', task.id, 'p', task.payload, 'h', task.headers, 'j', task.journey, 'a', enqueuedAt }
end

-- @param task   id, payload, headers (JSON or ''), journey (or ''), letter (id of the dead letter it was, or nil)
-- @param now    milliseconds
-- @param limit  entries of the audit to keep, 0 for no audit
-- @return the number of the entry
local function publish_task(stream, totals, audit, task, now, limit)
  local entry = redis.call('HINCRBY', totals, 'enqueued', 1)
  local enqueuedAt = string.format('%.0f', now)
  local fields = fields_of_task(task, entry, enqueuedAt)
  if task.letter then
    fields[#fields + 1] = 'l'
    fields[#fields + 1] = task.letter
  end
  redis.call('XADD', stream, '*', unpack(fields))
  if limit > 0 then
    -- Task, entry, three counts; no delay, no owner before, nobody silent: a step as stream-common.lua writes it.
    local steps = cjson.encode({ { task.id, enqueuedAt .. '-' .. entry, 0, 0, 0, false, false, false } })
    redis.call(
      'XADD', audit, 'MAXLEN', '~', limit, '*',
      'event', 'enqueued', 'owner', '', 'reason', '', 'steps', steps
    )
  end
  return entry
end
