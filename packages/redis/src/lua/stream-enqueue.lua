-- Adds tasks, all or none. Refused by the server when it is out of memory.
-- ARGV  2 capacity  then for each task: id, headers, journey, payload, delay
-- 1, or 0 if there is no room.
local count = (#ARGV - 2) / 5
if redis.call('XLEN', stream) + redis.call('ZCARD', due) + count > tonumber(ARGV[2]) then return 0 end
local steps = {}
for at = 3, #ARGV, 5 do
  local task = { id = ARGV[at], headers = ARGV[at + 1], journey = ARGV[at + 2], payload = ARGV[at + 3] }
  local delay = tonumber(ARGV[at + 4])
  local number
  if delay > 0 then
    number = redis.call('HINCRBY', totals, 'enqueued', 1)
    place(read({
      'e', number, 't', task.id, 'p', task.payload, 'h', task.headers, 'j', task.journey,
      'a', string.format('%.0f', now),
    }), delay)
  else
    number = publish_task(stream, totals, trail, task, now, 0)
  end
  local name = string.format('%.0f', now) .. '-' .. number
  steps[#steps + 1] = step({ t = task.id, name = name, deliveries = 0, starts = 0, failures = 0 }, delay)
end
audit('enqueued', '', '', steps)
return 1
