/* The floor of a launch: write a program that is in memory to a memory file and execute it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    extern char **environ;
    struct stat status;
    int file, memory, result;
    if (argc < 2 || (file = open(argv[1], O_RDONLY)) < 0 || fstat(file, &status) < 0)
        return 1;
    char *bytes = mmap(0, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (bytes == MAP_FAILED || (memory = memfd_create("floor", MFD_CLOEXEC)) < 0)
        return 1;
    for (off_t at = 0; at < status.st_size;) {
        ssize_t count = write(memory, bytes + at, status.st_size - at);
        if (count <= 0)
            return 1;
        at += count;
    }
    pid_t child = fork();
    if (child == 0) {
        fexecve(memory, argv + 1, environ);
        _exit(127);
    }
    return waitpid(child, &result, 0) < 0 || result != 0;
}
