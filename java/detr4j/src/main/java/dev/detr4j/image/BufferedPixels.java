package dev.detr4j.image;

import java.awt.image.BufferedImage;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferInt;
import java.awt.image.Raster;
import java.awt.image.SinglePixelPackedSampleModel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/** The pixels of AWT images: wrapped where their layout is known, else converted. */
final class BufferedPixels {
  /** Whether the int 0xAARRGGBB lies in memory as blue, green, red, alpha. */
  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private BufferedPixels() {}

  static ImageView view(BufferedImage image) {
    return switch (image.getType()) {
      case BufferedImage.TYPE_3BYTE_BGR -> bytes(image, PixelFormat.BGR);
      case BufferedImage.TYPE_4BYTE_ABGR -> bytes(image, PixelFormat.ABGR);
      case BufferedImage.TYPE_BYTE_GRAY -> bytes(image, PixelFormat.GRAY);
      case BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_INT_ARGB ->
          ints(image, LITTLE ? PixelFormat.BGRA : PixelFormat.ARGB);
      case BufferedImage.TYPE_INT_BGR -> ints(image, LITTLE ? PixelFormat.RGBA : PixelFormat.ABGR);
      default -> converted(image);
    };
  }

  private static ImageView bytes(BufferedImage image, PixelFormat format) {
    Raster raster = image.getRaster();
    ComponentSampleModel model = (ComponentSampleModel) raster.getSampleModel();
    DataBufferByte buffer = (DataBufferByte) raster.getDataBuffer();
    int x = -raster.getSampleModelTranslateX();
    int y = -raster.getSampleModelTranslateY();
    long stride = model.getScanlineStride();
    long first = buffer.getOffset() + y * stride + (long) x * model.getPixelStride();
    return new ImageView(
        MemorySegment.ofArray(buffer.getData()).asSlice(first),
        format,
        image.getWidth(),
        image.getHeight(),
        stride);
  }

  private static ImageView ints(BufferedImage image, PixelFormat format) {
    Raster raster = image.getRaster();
    SinglePixelPackedSampleModel model = (SinglePixelPackedSampleModel) raster.getSampleModel();
    DataBufferInt buffer = (DataBufferInt) raster.getDataBuffer();
    int x = -raster.getSampleModelTranslateX();
    int y = -raster.getSampleModelTranslateY();
    long stride = model.getScanlineStride();
    long first = buffer.getOffset() + y * stride + x;
    return new ImageView(
        MemorySegment.ofArray(buffer.getData()).asSlice(4 * first),
        format,
        image.getWidth(),
        image.getHeight(),
        4 * stride);
  }

  private static ImageView converted(BufferedImage image) {
    int width = image.getWidth();
    int[] row = new int[width];
    byte[] rgb = new byte[Math.multiplyExact(3 * width, image.getHeight())];
    int at = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int pixel : row) {
        rgb[at++] = (byte) (pixel >> 16);
        rgb[at++] = (byte) (pixel >> 8);
        rgb[at++] = (byte) pixel;
      }
    }
    return ImageView.rgb(rgb, width, image.getHeight());
  }
}
