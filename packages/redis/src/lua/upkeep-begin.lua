-- Asks for the turn of a job.
-- KEYS: the job. ARGV: owner, how long the turn is (milliseconds), whether it may begin before it is time (1 or 0).
-- Fields: owner ('' for nobody), leased and due: milliseconds since 1970 by the clock of this server.
-- Returns '0' if it is granted, else how many milliseconds later it makes sense to ask again.
local key, owner, leaseFor = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local fields = redis.call('HMGET', key, 'owner', 'leased', 'due')
local holder, leased, due = fields[1] or '', tonumber(fields[2] or 0), tonumber(fields[3] or 0)

local taken = holder ~= '' and leased > now
if taken and holder ~= owner then return string.format('%.3f', math.max(1, leased - now)) end
if not taken and ARGV[3] == '0' and due > now then return string.format('%.3f', math.max(1, due - now)) end
redis.call('HSET', key, 'owner', owner, 'leased', string.format('%.3f', now + leaseFor))
-- A day longer than anything it says: the owner may end its turn late.
redis.call('PEXPIRE', key, math.ceil(math.max(leaseFor, due - now) + 86400000))
return '0'
