-- ARGV  1 audit limit  2 id  3 actor  4 reason
local queue = letters.open(1, ARGV[1])
local sequence, record = letters.find(queue, ARGV[2])
if not sequence then return false end
letters.note(queue, sequence, record, 'viewed', record[STATE], record[STATE], ARGV[3], ARGV[4])
return letters.show(queue, sequence, record, 'payload')
