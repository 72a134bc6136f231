-- How many entries are where.
-- { waiting, pending, due, enqueued, acknowledged, dead, vanished, owners }
local held = pending()
local holding = held[1] or 0
local known = redis.call('ZCARD', owners)
for _, consumer in ipairs(held[4] or {}) do
  if not redis.call('ZSCORE', owners, consumer[1]) then known = known + 1 end
end
local counts = redis.call('HMGET', totals, 'enqueued', 'acknowledged', 'dead', 'vanished')
for index = 1, 4 do counts[index] = tonumber(counts[index] or 0) end
local waiting = math.max(0, redis.call('XLEN', stream) - holding)
return { waiting, holding, redis.call('ZCARD', due), counts[1], counts[2], counts[3], counts[4], known }
