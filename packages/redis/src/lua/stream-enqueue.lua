-- Adds tasks. Refused by the server when it is out of memory.
-- ARGV  2 capacity  3 'all': all of them or none, 'each': as many as there is room for, from the first on
--       then for each task: id, headers, journey, payload, delay
-- How many were added.
local count = (#ARGV - 3) / 5
local room = math.max(0, tonumber(ARGV[2]) - redis.call('XLEN', stream) - redis.call('ZCARD', due))
if count > room then count = ARGV[3] == 'each' and room or 0 end
if count == 0 then return 0 end
local number = redis.call('HINCRBY', totals, 'enqueued', count) - count
local enqueuedAt = string.format('%.0f', now)
local steps = {}
for at = 4, 3 + count * 5, 5 do
  number = number + 1
  local task = { id = ARGV[at], headers = ARGV[at + 1], journey = ARGV[at + 2], payload = ARGV[at + 3] }
  local fields = fields_of_task(task, number, enqueuedAt)
  local delay = tonumber(ARGV[at + 4])
  if delay > 0 then place(read(fields), delay) else redis.call('XADD', stream, '*', unpack(fields)) end
  local name = enqueuedAt .. '-' .. number
  steps[#steps + 1] = step({ t = task.id, name = name, deliveries = 0, starts = 0, failures = 0 }, delay)
end
audit('enqueued', '', '', steps)
return count
