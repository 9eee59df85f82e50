"""All that differs between Linux, Windows and macOS, in small functions that tests substitute.

No other module asks which system it runs on; tests/system/test_only_here.py holds that.
"""
