-- A page of letters by sequence. Dead ones have a set for every filter; of others, at most 500 are looked at.
-- ARGV  1 audit limit  2 state  3 order  4 cursor ('' to begin)  5 limit  6 type  7 error class ('' for any)
-- { items, cursor or '', now }
local queue = letters.open(1, ARGV[1])
local state, newest, cursor = ARGV[2], ARGV[3] == 'newest', letters.sequenceOf(ARGV[4])
local limit, kind, class = math.min(tonumber(ARGV[5]), 500), ARGV[6], ARGV[7]
local dead = state == 'dead'
local set = dead and letters.deadSet(queue, kind, class) or queue.states[state]
local filtered = not dead and (kind ~= '' or class ~= '')
local reach = filtered and 500 or limit

local range
if newest then
  range = { 'ZRANGE', set, cursor == '' and '+' or '(' .. cursor, '-', 'BYLEX', 'REV', 'LIMIT', 0, reach + 1 }
else
  range = { 'ZRANGE', set, cursor == '' and '-' or '(' .. cursor, '+', 'BYLEX', 'LIMIT', 0, reach + 1 }
end
local sequences = redis.call(unpack(range))
local items, size, next = {}, 0, ''
for at, record in ipairs(letters.read(queue, sequences)) do
  -- Messages of errors may be long: a page ends when it has become large.
  if #items == limit or at > reach or size > 4000000 then
    next = sequences[at - 1]
    break
  end
  if record and letters.matches(record, kind, class) then
    items[#items + 1] = letters.show(queue, sequences[at], record, 'summary')
    size = size + record[SUMMARY]
  end
end
return { items, next, queue.now }
