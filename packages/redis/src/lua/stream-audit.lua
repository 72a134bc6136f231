-- The last steps of a task, the newest first.
-- ARGV  2 task  3 limit
-- { id of the entry of the trail, event, owner, reason, the step as JSON } for each
local task, limit = ARGV[2], tonumber(ARGV[3])
local needle = cjson.encode(task)
local found = {}
local before = '+'
repeat
  local page = redis.call('XREVRANGE', trail, before, '-', 'COUNT', 200)
  for _, entry in ipairs(page) do
    -- event, owner, reason, steps: the values are the even ones.
    local told = entry[2]
    if string.find(told[8], needle, 1, true) then
      local steps = cjson.decode(told[8])
      for index = #steps, 1, -1 do
        if steps[index][1] == task and #found < limit then
          found[#found + 1] = { entry[1], told[2], told[4], told[6], cjson.encode(steps[index]) }
        end
      end
    end
    before = '(' .. entry[1]
  end
until #page < 200 or #found >= limit
return found
