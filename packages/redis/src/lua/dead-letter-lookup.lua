-- The letter that was added last with a dedupe key, whatever became of it.
-- ARGV  1 audit limit  2 key
-- Its id, or false.
local queue = letters.open(1, ARGV[1])
local sequence = redis.call('HGET', queue.keys, ARGV[2])
local record = sequence and letters.read(queue, { sequence })[1]
return record and letters.idOf(sequence, record)
