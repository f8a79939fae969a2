#!version:1.0.0.1
include:config "001565abcdef.cfg"
overwrite_mode = 1
