-- ARGV  1 audit limit  then as letters.received
return letters.add(letters.open(1, ARGV[1]), letters.received(2))
