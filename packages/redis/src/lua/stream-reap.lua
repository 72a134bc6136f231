-- Takes over what silent owners hold.
-- ARGV  2 owner  3 minIdle  4 count  5 suspects  6 suspectAfter  7 maxStarts  8 maxDeliveries  9 mode  10 cursor
-- { now, claimed, poison, republished, vanished, cursor, holdOff }
local owner, minIdle, mode, cursor = ARGV[2], tonumber(ARGV[3]), ARGV[9], ARGV[10]
local count, suspectsLeft = tonumber(ARGV[4]), tonumber(ARGV[5])
local suspectAfter, maxStarts, maxDeliveries = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local page = 100
heardOf(owner)
local rows = pending('IDLE', minIdle, cursor == '' and '-' or '(' .. cursor, '+', page)
local claimed, poison, republished, vanished = {}, {}, 0, {}
local claims, returns = {}, {}

-- The time that the server was down counts as silence of everybody. It tells its uptime in seconds, and up to one too many. One that does
-- not tell it is trusted.
local function holdOff()
  local info = redis.pcall('INFO', 'server')
  local uptime = not info.err and string.match(info, 'uptime_in_seconds:(%d+)')
  return uptime and math.max(0, math.ceil(minIdle / 1000) - (uptime - 1)) * 1000 or 0
end

local wait = #rows > 0 and holdOff() or 0
if wait > 0 then return { now, {}, {}, 0, 0, cursor, wait } end

local function take(item, row)
  item.handOut, item.deliveries = item.handOut + 1, item.deliveries + 1
  redis.call('XCLAIM', stream, group, owner, 0, item.id, 'RETRYCOUNT', item.handOut, 'JUSTID')
  claims[#claims + 1] = step(item, nil, row[2], row[3])
  return delivery(item, row[2])
end

local function republish(item, row)
  remove({ item.id })
  place(item, 0)
  returns[#returns + 1] = step(item, nil, row[2], row[3])
end

local changed = 0
local looked = 0
for _, row in ipairs(rows) do
  if changed >= count then break end
  looked = looked + 1
  -- An owner that holds something is known, so that it can be forgotten one day.
  redis.call('ZADD', owners, 'NX', now - row[3], row[2])
  local item = load(row)
  if not item then
    vanished[#vanished + 1] = row[1]
  elseif item.starts >= maxStarts or item.deliveries >= maxDeliveries then
    poison[#poison + 1] = take(item, row)
    changed = changed + 1
  elseif item.deliveries >= suspectAfter and suspectsLeft == 0 then
    -- Left alone.
  else
    if item.deliveries >= suspectAfter then suspectsLeft = suspectsLeft - 1 end
    if mode == 'claim' then
      claimed[#claimed + 1] = take(item, row)
    else
      republish(item, row)
      republished = republished + 1
    end
    changed = changed + 1
  end
end
if #vanished > 0 then
  remove(vanished)
  redis.call('HINCRBY', totals, 'vanished', #vanished)
  local steps = {}
  for index, id in ipairs(vanished) do
    steps[index] = step(unknown(id))
  end
  audit('vanished', owner, '', steps)
end
audit('claimed', owner, '', claims)
audit('republished', owner, '', returns)
local more = looked < #rows or #rows == page
return { now, claimed, poison, republished, #vanished, more and rows[looked][1] or '', 0 }
