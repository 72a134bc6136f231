-- A page of the audit, oldest entry first. Of one letter: looks at 1,000 entries at most, from its death on.
-- ARGV  1 audit limit  2 id ('' for all)  3 cursor ('' to begin)  4 limit
-- { entries, cursor or '' }; an entry is { cursor, letter, event, from, to, actor, reason }
local queue = letters.open(1, ARGV[1])
local id, limit = ARGV[2], math.min(tonumber(ARGV[4]), 1000)
local from = '-'
if ARGV[3] ~= '' then from = '(' .. ARGV[3]
elseif string.match(id, '^%d+%-') then from = string.sub(id, 1, 13)
end
local reach = id == '' and limit or 1000
local rows = redis.call('XRANGE', queue.audit, from, '+', 'COUNT', reach + 1)
local entries, next = {}, ''
for at, row in ipairs(rows) do
  if #entries == limit or at > reach then
    next = rows[at - 1][1]
    break
  end
  local fields = row[2]
  if id == '' or fields[2] == id then
    entries[#entries + 1] = { row[1], fields[2], fields[4], fields[6], fields[8], fields[10], fields[12] }
  end
end
return { entries, next }
