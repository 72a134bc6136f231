-- ARGV  1 audit limit  2 fence  3 lease  then ids
-- The ids that are still held under this fence.
local queue = letters.open(1, ARGV[1])
local fence, ends = tonumber(ARGV[2]), queue.now + ARGV[3]
local held = {}
for at = 4, #ARGV do
  local sequence, record = letters.find(queue, ARGV[at])
  if sequence and record[UNTIL] and record[FENCE] == fence then
    held[#held + 1] = ARGV[at]
    if ends > record[UNTIL] then
      record[UNTIL] = ends
      redis.call('ZADD', queue.leases[record[STATE]], ends, sequence)
      letters.save(queue, sequence, record)
    end
  end
end
return held
