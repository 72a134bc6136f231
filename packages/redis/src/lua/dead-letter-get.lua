-- ARGV  1 audit limit  2 id
local queue = letters.open(1, ARGV[1])
local sequence, record = letters.find(queue, ARGV[2])
return sequence and letters.show(queue, sequence, record, 'details')
