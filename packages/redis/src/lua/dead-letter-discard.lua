-- ARGV  1 audit limit  2 settled letters to keep  3 id  4 actor  5 reason
-- { 'discarded', letter, now } or { 'already', state } or { 'leased', milliseconds } or { 'missing' }
local queue = letters.open(1, ARGV[1])
local sequence, record = letters.find(queue, ARGV[3])
if not sequence then return { 'missing' } end
if letters.isSettled(record) then return { 'already', record[STATE] } end
-- What is being replayed may be out already.
if record[STATE] == 'replaying' or letters.isHeld(queue, record) then
  return { 'leased', letters.leaseLeft(queue, record) }
end
local text = letters.text(queue, sequence, record, 'summary')
letters.finish(queue, sequence, record, 'discarded', false, tonumber(ARGV[2]), ARGV[4], ARGV[5])
return { 'discarded', letters.tell(sequence, record, 'summary', text), queue.now }
