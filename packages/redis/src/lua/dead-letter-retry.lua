-- Begins to replay a letter; where `publish` is defined, replays it.
-- ARGV  1 audit limit  2 settled letters to keep  3 id  4 owner  5 lease  6 actor  7 reason  8 '1' if there is another payload  9 it
-- { 'replaying', fence, letter } or { 'replayed', letter } or { 'already', state, replay id } or { 'leased', milliseconds }
-- or { 'missing' }
local queue = letters.open(1, ARGV[1])
local sequence, record = letters.find(queue, ARGV[3])
if not sequence then return { 'missing' } end
local actor, reason = ARGV[6], ARGV[7]
if letters.isSettled(record) or (record[STATE] == 'replaying' and letters.isHeld(queue, record)) then
  return { 'already', record[STATE], letters.replayIdOf(sequence, record) }
end
if letters.isHeld(queue, record) then return { 'leased', letters.leaseLeft(queue, record) } end
if ARGV[8] == '1' then letters.writePayload(queue, sequence, record, ARGV[9]) end
local text = letters.text(queue, sequence, record, 'payload')
if letters.publish then
  letters.publish(queue, sequence, record, text)
  letters.finish(queue, sequence, record, 'replayed', false, tonumber(ARGV[2]), actor, reason)
  return { 'replayed', letters.tell(sequence, record, 'details', text) }
end
local lease = { owner = ARGV[4], fence = letters.newFence(queue), ends = queue.now + ARGV[5] }
local event = record[STATE] == 'replaying' and 'takenOver' or 'replaying'
letters.hold(queue, sequence, record, 'replaying', lease, event, actor, reason)
return { 'replaying', lease.fence, letters.tell(sequence, record, 'payload', text) }
