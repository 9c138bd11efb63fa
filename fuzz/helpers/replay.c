/* Runs the fuzz target without libFuzzer: on the files named, then on inputs made of them by chance.
 *
 *   replay RUNS FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t state = 1;

static uint32_t chance(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

int main(int argc, char **argv)
{
    uint8_t data[256];
    for (int i = 2; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (f == NULL)
            return 2;
        size_t size = fread(data, 1, sizeof(data), f);
        fclose(f);
        LLVMFuzzerTestOneInput(data, size);
        long runs = atol(argv[1]) / (argc - 2);
        for (long run = 0; run < runs; run++) {
            size_t length = size == 0 ? 0 : 1 + chance((uint32_t)size);
            data[chance(sizeof(data))] = (uint8_t)chance(256);
            if (length > 0)
                data[chance((uint32_t)length)] = (uint8_t)chance(256);
            LLVMFuzzerTestOneInput(data, length);
        }
    }
    printf("%d inputs and what comes of them\n", argc - 2);
    return 0;
}
