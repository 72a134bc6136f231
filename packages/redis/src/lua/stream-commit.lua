-- Settles the idempotency records of tasks and acknowledges these. Each is judged by itself.
-- KEYS  8 and on: the record of each
-- ARGV  2 owner  3 first id  4 last id  then for each its receipt, its step for the audit as JSON if the caller knows it, and what
--       idempotency.settle takes after the record
-- 'done', 'lost' or 'stale' for each
local owner, each = ARGV[2], 8
local count = (#ARGV - 4) / each
local receipts = {}
for index = 1, count do receipts[index] = ARGV[5 + (index - 1) * each] end
local held = holdings(owner, ARGV[3], ARGV[4], receipts)
-- Looking at a record is all that may fail: first of all, so that nothing is half done then.
local records = {}
for index, receipt in ipairs(receipts) do
  local key = KEYS[7 + index]
  if held[receipt] and records[key] == nil then records[key] = idempotency.read(key) or false end
end
local answers, ids, steps = {}, {}, {}
for index, receipt in ipairs(receipts) do
  local key, at = KEYS[7 + index], 5 + (index - 1) * each
  local row = held[receipt]
  if not row then
    answers[index] = 'lost'
  elseif idempotency.settle(key, records[key], unpack(ARGV, at + 2, at + 7)) == 'stale' then
    answers[index] = 'stale'
  else
    answers[index] = 'done'
    held[receipt] = nil
    ids[#ids + 1] = row[1]
    if auditLimit > 0 then steps[#steps + 1] = toldStep(ARGV[at + 1], row) end
  end
end
acknowledge(owner, ids, steps)
return answers
