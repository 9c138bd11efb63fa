"""Shows what debug mode says about an extension that forgets to close handles: HPY=debug python demo.py"""

import hpy.debug
import leak
from hpy.debug.leakdetector import HPyLeakError

hpy.debug.set_handle_stack_trace_limit(4)
try:
    with hpy.debug.LeakDetector():
        leak.numbers(3)
except HPyLeakError as error:
    print(error)
else:
    raise SystemExit("debug mode found nothing: was it on? HPY=debug python demo.py")
