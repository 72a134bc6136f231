-- The turn of a job that all processes do in turns. It is in `meta`: who has it, until when, and when the next one may begin.
-- ARGV  1 audit limit  2 job  3 owner  4 lease ('' to end the turn)  5 '1' if it may begin early; at the end, milliseconds until the next
-- 0 if it is granted, or has ended; else milliseconds until it makes sense to ask again.
local queue = letters.open(1, ARGV[1])
local job, owner, lease = 'turn:' .. ARGV[2] .. ':', ARGV[3], tonumber(ARGV[4])
local known = redis.call('HMGET', queue.meta, job .. 'owner', job .. 'ends', job .. 'next')
local holder, ends, next = known[1] or '', tonumber(known[2] or 0), tonumber(known[3] or 0)
local taken = holder ~= '' and ends > queue.now
local function write(name, nameEnds, nextBegins)
  redis.call(
    'HSET', queue.meta, job .. 'owner', name, job .. 'ends', digits(nameEnds), job .. 'next', digits(nextBegins)
  )
  return 0
end
if not lease then
  if holder ~= owner then return 0 end
  return write('', queue.now, queue.now + ARGV[5])
end
if taken and holder ~= owner then return ends - queue.now end
if not taken and next > queue.now and ARGV[5] ~= '1' then return next - queue.now end
return write(owner, queue.now + lease, next)
