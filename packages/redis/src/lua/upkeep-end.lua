-- Ends the turn of a job, if the owner has it still.
-- KEYS: the job. ARGV: owner, after how many milliseconds it is time again.
local key, nextIn = KEYS[1], tonumber(ARGV[2])
if redis.call('HGET', key, 'owner') ~= ARGV[1] then return end
local time = redis.call('TIME')
local due = time[1] * 1000 + time[2] / 1000 + nextIn
redis.call('HSET', key, 'owner', '', 'leased', 0, 'due', string.format('%.3f', due))
redis.call('PEXPIRE', key, math.ceil(nextIn + 86400000))
