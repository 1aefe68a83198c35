"""Limits and measurements of child processes."""

import pathlib
import signal
import sys
import unittest

import isolate


def run(code, cpu_s=20, memory_mib=2048, **kwargs):
    return isolate.run([sys.executable, "-c", code], isolate.Limits(cpu_s, memory_mib, 1), **kwargs)


class Isolate(unittest.TestCase):
    def test_output_input_and_exit_status(self):
        done = run("import sys; print(sys.stdin.read()); sys.stderr.write('e'); sys.exit(3)", stdin="hello")
        self.assertEqual((done.returncode, done.stdout, done.stderr, done.timed_out), (3, "hello\n", "e", False))

    def test_cpu_limit(self):
        done = run("while True: pass", cpu_s=1)
        self.assertTrue(done.timed_out)
        self.assertEqual(done.returncode, -signal.SIGXCPU)
        self.assertGreater(done.cpu_s, 0.9)
        self.assertLess(done.cpu_s, 3)

    def test_wall_limit_ends_a_process_that_sleeps_and_its_child(self):
        done = run("import subprocess; subprocess.run(['sleep', '60'])", cpu_s=1)
        self.assertTrue(done.timed_out)
        self.assertLess(done.wall_s, 3 * isolate.PATIENCE)

    def test_memory_limit(self):
        done = run("b = bytearray(512 << 20)", memory_mib=256)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("MemoryError", done.stderr)

    def test_peak_memory_is_the_child_s(self):
        # Measured from a small process, as the runner is: the tests' own holds whatever other tests have loaded.
        folder = str(pathlib.Path(isolate.__file__).parent)
        code = f"""
import sys; sys.path.insert(0, {folder!r}); import isolate
for work in "pass", "b = b'x' * (300 << 20)":
    print(isolate.run([sys.executable, "-c", work], isolate.Limits(20, 2048, 1)).peak_mib)"""
        small, large = map(float, run(code).stdout.split())
        self.assertLess(small, 100)
        self.assertGreater(large, 300)

    def test_cpu_and_memory_of_grandchildren_count(self):
        work = "b = b'x' * (300 << 20); sum(range(10**7))"
        done = run(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])")
        self.assertGreater(done.peak_mib, 300)
        self.assertGreater(done.cpu_s, run("pass").cpu_s)

    def test_much_output(self):
        self.assertEqual(len(run("print('x' * 10**6)").stdout), 10**6 + 1)


if __name__ == "__main__":
    unittest.main()
